import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readEnvironment } from './read-environment.js';

const refusal = (settings: Record<string, string>): string => {
  try {
    readEnvironment(settings);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('the e-mail settings', () => {
  it.each(['smtp://user:secret@mail.example:587', 'smtps://mail.example:465?pool=true'])(
    'accept the server %s',
    (url) => {
      expect(readEnvironment({ VEDETTE_SMTP_URL: url }).VEDETTE_SMTP_URL).toBe(url);
    },
  );

  it.each(['https://user:hunter22@mail.example', 'mail.example:hunter22', 'smtp://'])(
    'reject the server %s without repeating it',
    (url) => {
      expect(refusal({ VEDETTE_SMTP_URL: url })).toContain('VEDETTE_SMTP_URL must be a URL that starts with smtp://');
      expect(refusal({ VEDETTE_SMTP_URL: url })).not.toContain('hunter22');
    },
  );

  it.each(['vedette@mail.example', 'Vedette <vedette@mail.example>', 'Überwachung Süd <v@mail.example>'])(
    'accept the sender %s',
    (from) => {
      expect(readEnvironment({ VEDETTE_SMTP_FROM: from }).VEDETTE_SMTP_FROM).toBe(from);
    },
  );

  it.each([
    'Vedette',
    'a@b.example, c@d.example',
    'V\r\nBcc: x <v@mail.example>',
    'v@mail.example\r\nBcc: x@y.example',
  ])('reject the sender %j', (from) => {
    expect(refusal({ VEDETTE_SMTP_FROM: from })).toContain('VEDETTE_SMTP_FROM must be an e-mail address');
  });
});

describe('the settings of the process', () => {
  /** By the source: a setting without a default leaves no trace in a new `Environment`. */
  const source = readFileSync(path.join(__dirname, 'environment.ts'), 'utf8');
  const declared = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]*)\??:/gm)].map(([, name]) => name!);

  it.each(declared)('include %s, which is read', (name) => {
    const read = new Set<string | symbol>();
    const environment = new Proxy<NodeJS.ProcessEnv>({}, { get: (_, property) => void read.add(property) });
    readEnvironment(environment);
    expect(read).toContain(name);
  });

  it('include one without a default, which gets its value', () => {
    expect(declared).toContain('VEDETTE_PUBLIC_URL');
    const given = { VEDETTE_PUBLIC_URL: 'https://vedette.example' };
    expect(readEnvironment(given).VEDETTE_PUBLIC_URL).toBe(given.VEDETTE_PUBLIC_URL);
  });

  it('count as unset when they are empty', () => {
    expect(readEnvironment({ PORT: '', VEDETTE_PUBLIC_URL: '' })).toMatchObject({ PORT: 3000 });
  });

  it('are refused with a message that names the variable and what it accepts, not the value', () => {
    expect(refusal({ PORT: '70000' })).toBe(
      'The environment is not usable:\n  - PORT must be a whole number from 0 to 65535',
    );
  });
});
