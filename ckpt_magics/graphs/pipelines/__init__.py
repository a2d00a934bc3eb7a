"""What programs feed their nets with: datasets and iterators, queues and what fills them, readers and parsers."""
