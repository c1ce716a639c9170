"""The requirement's five scenarios, over real HTTP and real webhooks."""
