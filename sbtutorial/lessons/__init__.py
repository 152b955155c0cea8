"""The lessons as a learner gets them: a copy without outputs, and a JupyterLab that suits it."""
