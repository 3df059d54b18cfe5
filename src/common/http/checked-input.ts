import type { FastifyInstance } from 'fastify';
import { DomainError, invalidInput, type FieldError } from '../errors/index.js';

/** Valid requests have only a few levels. Deeper ones could overflow the stack of recursive code. */
const MAX_DEPTH = 20;

/** Names that every object inherits. A check for unknown names would accept them. */
const INHERITED_NAMES = new Set(Object.getOwnPropertyNames(Object.prototype));

const MAX_ERRORS = 20;

/** The largest valid body, 10,000 posture items with all fields and 20 tags each, has 280,002 values. */
const MAX_VALUES = 300_000;

interface Node {
  value: unknown;
  key: string | number;
  parent: Node | null;
  depth: number;
}

/**
 * Rejects input that no route accepts, before any other code reads it: a body that is no JSON object, too deep nesting,
 * too many values, inherited names, and text that PostgreSQL cannot store (U+0000, lone surrogates). Streamed bodies
 * pass; their reader checks them.
 */
export function checkInput(fastify: FastifyInstance): void {
  fastify.addHook('preValidation', (request, _reply, done) => {
    const errors = [...faults(request.query)];
    const { body } = request;
    const isStreamed = typeof body === 'object' && body !== null && 'pipe' in body;
    if (body !== undefined && !isStreamed) {
      if (typeof body !== 'object' || body === null || Array.isArray(body)) {
        return done(new DomainError('invalid_input', 'the body must be a JSON object'));
      }
      errors.push(...faults(body));
    }
    done(errors.length > 0 ? invalidInput(errors) : undefined);
  });
}

/** Not recursive, because deep nesting is one of the faults to find. */
function faults(root: unknown): FieldError[] {
  const errors: FieldError[] = [];
  const nodes: Node[] = [{ value: root, key: '', parent: null, depth: 0 }];
  let count = 1;
  for (let node = nodes.pop(); node && errors.length < MAX_ERRORS; node = nodes.pop()) {
    const { value, depth } = node;
    if (typeof value === 'string') {
      const fault = textFault(value);
      if (fault) errors.push({ field: pathOf(node), message: fault });
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= MAX_DEPTH) {
        errors.push({ field: pathOf(node), message: `must not nest deeper than ${MAX_DEPTH} levels` });
        continue;
      }
      count += Array.isArray(value) ? value.length : Object.keys(value).length;
      if (count > MAX_VALUES) {
        return [
          { field: pathOf(node) || 'body', message: `must be smaller: a request has at most ${MAX_VALUES} values` },
        ];
      }
      for (const [key, child] of Object.entries(value)) {
        const childNode = {
          value: child as unknown,
          key: Array.isArray(value) ? Number(key) : key,
          parent: node,
          depth: depth + 1,
        };
        const isUnknown =
          typeof childNode.key === 'string' && (INHERITED_NAMES.has(key) || textFault(key) !== undefined);
        if (isUnknown) errors.push({ field: pathOf(childNode), message: 'is not a known field' });
        else nodes.push(childNode);
      }
    }
  }
  return errors;
}

function textFault(text: string): string | undefined {
  if (text.includes('\u0000')) return 'must not contain the character U+0000';
  // A lone surrogate is half a character, which UTF-8 and PostgreSQL cannot represent.
  return /\p{Surrogate}/u.test(text) ? 'must be well-formed Unicode text' : undefined;
}

/** The path as the sender wrote it, such as `items[3].risk_score`. Long names are cut. */
function pathOf(node: Node): string {
  const parts: string[] = [];
  for (let at: Node | null = node; at?.parent; at = at.parent) {
    parts.unshift(typeof at.key === 'number' ? `[${at.key}]` : `.${at.key.slice(0, 100)}`);
  }
  return parts
    .slice(0, MAX_DEPTH + 1)
    .join('')
    .replace(/^\./, '');
}
