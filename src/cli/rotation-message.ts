/** @returns the result of `secrets rotate-key`. The old key is obsolete only if the environment still sets it. */
export function rotationMessage(count: number, hasPreviousKey: boolean): string {
  const result = `encrypted ${count} webhook endpoint${count === 1 ? '' : 's'} again with VEDETTE_SECRET_KEY`;
  return hasPreviousKey ? `${result}; you can now remove VEDETTE_SECRET_KEY_PREVIOUS` : result;
}
