"""The second language model that ships with the project, and the texts to steer it with."""
