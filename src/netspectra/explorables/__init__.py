"""Small arrays that a reader can drag through on the page: derived from networks and tables, judged by nobody."""
