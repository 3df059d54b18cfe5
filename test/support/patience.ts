// Generous, because a slow machine is no failure. Each wait in a test has its own limit and error message.
jest.setTimeout(120_000);
