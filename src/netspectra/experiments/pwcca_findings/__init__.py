"""Which findings of the PWCCA notes hold under which measure?"""
