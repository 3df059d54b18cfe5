import { PasswordHasher } from './password-hasher.js';

describe('PasswordHasher', () => {
  const hasher = new PasswordHasher();

  test('knows the password again, in whatever Unicode form it is typed, and no other', async () => {
    const hash = await hasher.hash('Zoë’s passphrase');
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    await expect(hasher.verify('Zoë’s passphrase'.normalize('NFD'), hash)).resolves.toBe(true);
    await expect(hasher.verify('zoë’s passphrase', hash)).resolves.toBe(false);
  });

  test('salts: the same password gives another hash', async () => {
    const [first, second] = await Promise.all([
      hasher.hash('correct horse battery'),
      hasher.hash('correct horse battery'),
    ]);
    expect(first).not.toBe(second);
  });

  test.each([null, 'unusable', '$scrypt$ln=15,r=8,p=3$AAAA$AAAA'])('nothing verifies against %j', async (hash) => {
    await expect(hasher.verify('correct horse battery', hash)).resolves.toBe(false);
  });

  test('answers every one of many asked at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => hasher.verify('anything', null)));
    expect(answers).toEqual([false, false, false, false, false]);
  });

  test('verifies a hash that was made at another cost', async () => {
    // scrypt of "password" with salt "NaCl0123NaCl0123", N = 2^10, r = 8, p = 1.
    const { scryptSync } = await import('node:crypto');
    const key = scryptSync('password', 'NaCl0123NaCl0123', 32, { N: 1024, r: 8, p: 1 });
    const salt = Buffer.from('NaCl0123NaCl0123').toString('base64').replace(/=+$/, '');
    await expect(
      hasher.verify('password', `$scrypt$ln=10,r=8,p=1$${salt}$${key.toString('base64').replace(/=+$/, '')}`),
    ).resolves.toBe(true);
  });
});
