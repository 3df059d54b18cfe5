import { rotationMessage } from './rotation-message.js';

describe('the message of a key rotation', () => {
  it('says that the previous key can be removed if it is set', () => {
    expect(rotationMessage(2, true)).toBe(
      'encrypted 2 webhook endpoints again with VEDETTE_SECRET_KEY; you can now remove VEDETTE_SECRET_KEY_PREVIOUS',
    );
  });

  it('does not mention the previous key if it is not set', () => {
    expect(rotationMessage(1, false)).toBe('encrypted 1 webhook endpoint again with VEDETTE_SECRET_KEY');
  });
});
