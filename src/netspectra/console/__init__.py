"""What a run says while it goes: a line for each job, where the trainings are, how long it takes, why a job failed."""
