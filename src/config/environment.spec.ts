import { readEnvironment } from './environment.js';

const refusal = (settings: Record<string, string>): string => {
  try {
    readEnvironment(settings);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('the settings of e-mail', () => {
  it.each(['smtp://user:secret@mail.example:587', 'smtps://mail.example:465?pool=true'])(
    'take the server %s',
    (url) => {
      expect(readEnvironment({ VEDETTE_SMTP_URL: url }).VEDETTE_SMTP_URL).toBe(url);
    },
  );

  it.each(['https://user:hunter22@mail.example', 'mail.example:hunter22', 'smtp://'])(
    'refuse the server %s without repeating it',
    (url) => {
      expect(refusal({ VEDETTE_SMTP_URL: url })).toContain('VEDETTE_SMTP_URL must be a URL that starts with smtp://');
      expect(refusal({ VEDETTE_SMTP_URL: url })).not.toContain('hunter22');
    },
  );

  it.each(['vedette@mail.example', 'Vedette <vedette@mail.example>', 'Überwachung Süd <v@mail.example>'])(
    'take the sender %s',
    (from) => {
      expect(readEnvironment({ VEDETTE_SMTP_FROM: from }).VEDETTE_SMTP_FROM).toBe(from);
    },
  );

  it.each([
    'Vedette',
    'a@b.example, c@d.example',
    'V\r\nBcc: x <v@mail.example>',
    'v@mail.example\r\nBcc: x@y.example',
  ])('refuse the sender %j', (from) => {
    expect(refusal({ VEDETTE_SMTP_FROM: from })).toContain('VEDETTE_SMTP_FROM must be an e-mail address');
  });
});
