import { locateJsonFault } from '../../files/locate-json-fault.js';
import type { SkipLog } from './skip-log.js';
import { StixBundleError } from './stix-bundle.error.js';

/** An object of a bundle whose properties are not checked yet. */
export type StixObject = Readonly<Record<string, unknown>>;

/** The objects of a bundle that the catalogue uses. */
export interface StixObjects {
  stixVersion: '2.0' | '2.1';
  attackPatterns: StixObject[];
  tactics: StixObject[];
  relationships: StixObject[];
  collections: StixObject[];
}

/**
 * Groups the objects of a bundle by type.
 * @throws StixBundleError if the text is not a STIX bundle
 */
export function stixObjects(text: string, skips: SkipLog): StixObjects {
  const bundle = parseJson(text);
  if (!isObject(bundle)) {
    throw new StixBundleError('not_a_bundle', `a STIX bundle is a JSON object, this is ${kindOf(bundle)}`);
  }
  if (bundle['type'] !== 'bundle') {
    throw new StixBundleError('not_a_bundle', `type must be "bundle", ${given(bundle['type'])}`);
  }
  const objects = bundle['objects'];
  if (!Array.isArray(objects)) {
    throw new StixBundleError('objects_missing', `objects must be a list of STIX objects, ${given(objects)}`);
  }
  const found: StixObjects = {
    stixVersion: '2.0',
    attackPatterns: [],
    tactics: [],
    relationships: [],
    collections: [],
  };
  const listOf: Readonly<Record<string, StixObject[]>> = {
    'attack-pattern': found.attackPatterns,
    'x-mitre-tactic': found.tactics,
    relationship: found.relationships,
    'x-mitre-collection': found.collections,
  };
  const lists = new Map(Object.entries(listOf));
  objects.forEach((object: unknown, index) => {
    if (!isObject(object) || typeof object['type'] !== 'string') {
      skips.add('not an object with a type', `objects[${index}]`);
    } else {
      lists.get(object['type'])?.push(object);
    }
  });
  // STIX 2.1 moved `spec_version` from the bundle to each object. An object without one is STIX 2.0.
  if (found.attackPatterns.some((pattern) => pattern['spec_version'] === '2.1')) found.stixVersion = '2.1';
  return found;
}

export function isObject(value: unknown): value is StixObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The strings of a property that should be a list of strings. Other values are left out. */
export function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function parseJson(text: string): unknown {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (json.trim() === '') {
    throw new StixBundleError('empty', 'there is nothing in it: a STIX bundle is a JSON document');
  }
  if (json.slice(0, 4).includes('\0')) {
    throw new StixBundleError('wrong_encoding', 'the text is UTF-16: save it as UTF-8, which JSON requires');
  }
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new StixBundleError('too_deep', 'the JSON is nested too deeply to be a STIX bundle');
    }
    throw notJson(json);
  }
}

function notJson(json: string): StixBundleError {
  if (/^\s*</.test(json)) {
    return new StixBundleError(
      'not_json',
      'this is an HTML or XML page, not JSON: download the raw file of the bundle',
    );
  }
  const fault = locateJsonFault(json);
  if (fault.kind === 'truncated') {
    return new StixBundleError(
      'truncated',
      'the JSON ends before it is complete: the file is cut off, download it again',
    );
  }
  return new StixBundleError('not_json', `this is not JSON: it breaks at line ${fault.line}, column ${fault.column}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function given(value: unknown): string {
  if (value === undefined) return 'it is missing';
  return `it is ${typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : isObject(value) ? 'an object' : kindOf(value)}`;
}
