"""Where packets come from: capture files, pipes and the kernel's ring. Each source yields Batches."""
