"""The interactive views, as anywidget classes."""
