const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const SEPARATOR = 0xff;

/**
 * The fingerprint of Prometheus for a set of labels: 64-bit FNV-1a over names and values, sorted by name, in
 * hexadecimal.
 */
export function labelsFingerprint(labels: Readonly<Record<string, string>>): string {
  const bytes = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => [...Buffer.from(name), SEPARATOR, ...Buffer.from(value), SEPARATOR]);
  const hash = bytes.reduce((sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * FNV_PRIME), FNV_OFFSET);
  return hash.toString(16).padStart(16, '0');
}
