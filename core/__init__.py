"""The vocabulary every other part shares: settings, secrets, hubs, downloads, errors."""
