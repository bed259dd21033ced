"""`gan submit`: a job file becomes a job of Vertex AI, Kubernetes or Slurm; no TensorFlow."""
