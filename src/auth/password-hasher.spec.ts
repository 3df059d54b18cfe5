import { PasswordHasher } from './password-hasher.js';

describe('PasswordHasher', () => {
  const hasher = new PasswordHasher();

  test('accepts the password in any Unicode form, and no other password', async () => {
    const hash = await hasher.hash('Zoë’s passphrase');
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    await expect(hasher.verify('Zoë’s passphrase'.normalize('NFD'), hash)).resolves.toBe(true);
    await expect(hasher.verify('zoë’s passphrase', hash)).resolves.toBe(false);
  });

  test('salts: the same password gives a different hash each time', async () => {
    const [first, second] = await Promise.all([
      hasher.hash('correct horse battery'),
      hasher.hash('correct horse battery'),
    ]);
    expect(first).not.toBe(second);
  });

  test.each([null, 'unusable', '$scrypt$ln=15,r=8,p=3$AAAA$AAAA'])('no password matches the hash %j', async (hash) => {
    await expect(hasher.verify('correct horse battery', hash)).resolves.toBe(false);
  });

  test('answers all of several concurrent calls', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => hasher.verify('anything', null)));
    expect(answers).toEqual([false, false, false, false, false]);
  });

  test('verifies a hash with different cost parameters', async () => {
    // scrypt of "password" with salt "NaCl0123NaCl0123", N = 2^10, r = 8, p = 1.
    const { scryptSync } = await import('node:crypto');
    const key = scryptSync('password', 'NaCl0123NaCl0123', 32, { N: 1024, r: 8, p: 1 });
    const salt = Buffer.from('NaCl0123NaCl0123').toString('base64').replace(/=+$/, '');
    await expect(
      hasher.verify('password', `$scrypt$ln=10,r=8,p=1$${salt}$${key.toString('base64').replace(/=+$/, '')}`),
    ).resolves.toBe(true);
  });
});
