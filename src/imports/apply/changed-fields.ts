import type { PostureImage } from '../plan/plan-posture-import.js';

/** The fields of `to` whose values differ from those in `from`. */
export function changedFields(from: PostureImage, to: PostureImage): Partial<PostureImage> {
  return Object.fromEntries(
    Object.entries(to).filter(([field, value]) => !isSameValue(value, from[field as keyof PostureImage])),
  );
}

export function isSameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.join() === b.join();
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
}
