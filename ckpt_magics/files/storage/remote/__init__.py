"""Files at URLs: names there, what clients are asked, and the clients."""
