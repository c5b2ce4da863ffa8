"""The engines that the tests run against: how each is started, given images, and stopped."""
