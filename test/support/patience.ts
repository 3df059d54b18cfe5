// Generous, because a slow machine is no fault of the code: what a test waits for has a limit of its own, and says what did not come to pass.
jest.setTimeout(120_000);
