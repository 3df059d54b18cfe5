/**
 * Compares versions of ATT&CK or of a technique part by part as numbers, so that 9.0 < 10.1 < 18.1. A missing part
 * counts as 0.
 * @returns a negative number if `a` is older, a positive number if `b` is older, 0 if they are equal.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The step from one version of a technique to another. `none` also if one of them is missing. */
export function versionStep(from: string | null, to: string | null): 'major' | 'minor' | 'none' {
  if (from === null || to === null || compareVersions(from, to) === 0) return 'none';
  return partsOf(from)[0] === partsOf(to)[0] ? 'minor' : 'major';
}

function partsOf(version: string): number[] {
  return version.split('.').map(Number);
}
