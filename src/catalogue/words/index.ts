export { ATTACK_ID_PATTERN, ATTACK_ID_WORDS, bestFirst } from './technique-ids.js';
export { compareVersions } from './versions.js';
export * from './attack-domain.js';
