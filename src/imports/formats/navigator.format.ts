import { ATTACK_DOMAINS, type AttackDomain, ATTACK_ID_PATTERN, ATTACK_ID_WORDS } from '../../catalogue/words/index.js';
import {
  MAX_OBSERVATIONS,
  ProblemLog,
  sent,
  shown,
  type Gradient,
  type Observation,
  type ParsedFile,
} from '../observations/observation.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import { parseBoundedJson } from './bounded-json.js';
import type { PostureFileFormat } from './posture-file-format.js';
import { isRecord, textOf } from './unknown-record.js';
import { wholeText } from './whole-text.js';

export const navigatorFormat = {
  name: 'navigator',
  command: 'layer',
  description: 'an ATT&CK Navigator layer, or a list of layers',
  fileEndings: ['.json'],
  contents: ['layer_scores'],
  recognises: (head) => /^\s*[[{]/.test(head) && /"techniqueID"\s*:/.test(head),
  parse: async (text) => parseNavigatorLayer(await wholeText(text)),
} as const satisfies PostureFileFormat<'layer_scores'>;

/** The names of the domains in layers from before ATT&CK 8 merged PRE-ATT&CK into Enterprise. */
const OLD_DOMAINS: Readonly<Record<string, AttackDomain>> = {
  'mitre-enterprise': 'enterprise-attack',
  'mitre-mobile': 'mobile-attack',
  'mitre-ics': 'ics-attack',
};

const OLDEST_FORMAT = [3, 0] as const;
const NEWEST_FORMAT = [4, 5] as const;

/**
 * Reads an ATT&CK Navigator layer, or a list of layers, of the formats 3.0 to 4.5
 * (https://github.com/mitre-attack/attack-navigator/tree/master/layers/spec). Pure.
 * @throws PostureFileError
 */
export function parseNavigatorLayer(text: string): ParsedFile {
  const document = parseBoundedJson(text);
  const isList = Array.isArray(document);
  const layers: unknown[] = isList ? document : [document];
  const problems = new ProblemLog();
  const parsed: ParsedFile = { observations: [], problems, entryCount: 0, name: null, attackVersion: null };
  const faults: PostureFileError[] = [];
  for (const [index, layer] of layers.entries()) {
    const at = isList ? `[${index}]` : '';
    try {
      readLayer(layer, at, parsed);
    } catch (error) {
      if (!(error instanceof PostureFileError) || error.fault === 'too_many') throw error;
      faults.push(error);
      problems.add(at || 'the layer', error.message);
    }
  }
  if (faults.length === layers.length) {
    throw faults[0] ?? new PostureFileError('nothing_found', 'the file is an empty list: it holds no layer');
  }
  if (parsed.entryCount === 0) throw new PostureFileError('nothing_found', 'the layer holds no techniques');
  return parsed;
}

function readLayer(layer: unknown, at: string, parsed: ParsedFile): void {
  const name = isRecord(layer) ? textOf(layer.name) : null;
  if (!isRecord(layer) || name === null || typeof layer.domain !== 'string') throw notALayer(layer);
  const { techniques = [] } = layer;
  const versions = isRecord(layer.versions) ? layer.versions : {};
  checkFormat(versions.layer ?? layer.version);
  const domain = domainOf(layer.domain);
  if (!Array.isArray(techniques)) throw new PostureFileError('wrong_format', 'techniques must be a list');
  parsed.name ??= shown(name);
  const attackVersion = textOf(versions.attack);
  if (attackVersion !== null) parsed.attackVersion ??= shown(attackVersion);
  const gradient = gradientOf(layer.gradient);
  parsed.entryCount += techniques.length;
  if (parsed.entryCount > MAX_OBSERVATIONS) throw tooMany();
  for (const [index, technique] of techniques.entries()) {
    const observation = readTechnique(technique, `${at}${at && '.'}techniques[${index}]`, domain, parsed.problems);
    if (observation) parsed.observations.push({ ...observation, gradient });
  }
}

function readTechnique(
  technique: unknown,
  at: string,
  domain: AttackDomain,
  problems: ProblemLog,
): Observation | undefined {
  if (!isRecord(technique)) return void problems.add(at, 'must be an object');
  const { techniqueID: attackId, score = null, enabled = true } = technique;
  if (typeof attackId !== 'string' || !ATTACK_ID_PATTERN.test(attackId)) {
    return void problems.add(`${at}.techniqueID`, `${ATTACK_ID_WORDS}, not ${sent(attackId)}`);
  }
  const hasScore = score === null || (typeof score === 'number' && Number.isFinite(score));
  const hasEnabled = typeof enabled === 'boolean';
  if (!hasScore) problems.add(`${at}.score`, `must be a number, not ${sent(score)}`);
  if (!hasEnabled) problems.add(`${at}.enabled`, `must be true or false, not ${sent(enabled)}`);
  if (!hasScore || !hasEnabled) return void problems.countUnreadable(attackId, domain);
  return { at, attackId: attackId.toUpperCase(), domain, isEnabled: enabled, score, date: null };
}

function gradientOf(value: unknown): Gradient | null {
  const { minValue: min, maxValue: max } = isRecord(value) ? value : {};
  if (typeof min !== 'number' || typeof max !== 'number') return null;
  return max > min && Number.isFinite(max - min) ? { min, max } : null;
}

function notALayer(value: unknown): PostureFileError {
  const type = isRecord(value) && typeof value.type === 'string' ? `; its type is ${shown(value.type)}` : '';
  return new PostureFileError(
    'wrong_format',
    `the file is not a Navigator layer: a layer is an object with name, domain and techniques${type}`,
  );
}

/** A layer need not name its format. */
function checkFormat(version: unknown): void {
  if (version === undefined || version === null) return;
  const match =
    typeof version === 'string' || typeof version === 'number' ? /^(\d+)(?:\.(\d+))?$/.exec(String(version)) : null;
  const [major, minor] = [Number(match?.[1]), Number(match?.[2] ?? 0)];
  const isOlder = major < OLDEST_FORMAT[0];
  const isNewer = major > NEWEST_FORMAT[0] || (major === NEWEST_FORMAT[0] && minor > NEWEST_FORMAT[1]);
  if (match && !isOlder && !isNewer) return;
  throw new PostureFileError(
    'unknown_version',
    `the layer has format ${shown(version)}: ${OLDEST_FORMAT.join('.')} to ${NEWEST_FORMAT.join('.')} are taken; open it in Navigator and save it again`,
  );
}

function domainOf(domain: string): AttackDomain {
  const known = OLD_DOMAINS[domain] ?? ATTACK_DOMAINS.find((name) => name === domain);
  if (known) return known;
  throw new PostureFileError(
    'unknown_domain',
    `the layer is of the domain ${shown(domain)}, which is none of ${ATTACK_DOMAINS.join(', ')}`,
  );
}

function tooMany(): PostureFileError {
  return new PostureFileError('too_many', `a file may hold at most ${MAX_OBSERVATIONS} entries`);
}
