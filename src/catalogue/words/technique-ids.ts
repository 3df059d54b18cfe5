/** The id of an ATT&CK technique or sub-technique, in any case. */
export const ATTACK_ID_PATTERN = /^[Tt]\d{4}(\.\d{3})?$/;

export const ATTACK_ID_WORDS = 'must be an ATT&CK id such as T1059 or T1059.001';

/**
 * SQL order of the techniques, under the given alias, that share one ATT&CK id: the one in force comes first, because
 * ATT&CK gave the id of some revoked techniques to others.
 */
export function bestFirst(alias: string): string {
  return `${alias}.in_force DESC, ${alias}.mitre_last_modified DESC, ${alias}.id`;
}
