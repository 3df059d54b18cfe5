import { stringify } from 'csv-stringify/sync';
import { toIso } from '../common/wire.js';
import type { ExportedChange, ExportedTechnique, PastImage } from './exported-posture.js';
import { gainOf } from './navigator-layer.js';

type Cell = string | number | null;

/** The body of `PUT /posture`, so that it can be sent back unchanged. */
export function toPostureJson(techniques: readonly ExportedTechnique[]): string {
  return toJson({
    items: techniques.map(({ attackId, statusGlobal, lastReviewDate, riskScore, ownerEmail, tags }) => ({
      attack_id: attackId,
      status_global: statusGlobal,
      last_review_date: toIso(lastReviewDate),
      risk_score: riskScore,
      owner_email: ownerEmail,
      tags,
    })),
  });
}

/** The fields that an import takes, and name, domain and tactics for people, which an import ignores. */
export function toPostureCsv(techniques: readonly ExportedTechnique[]): string {
  return toCsv(
    [
      'attack_id',
      'name',
      'domain',
      'tactics',
      'status_global',
      'last_review_date',
      'risk_score',
      'owner_email',
      'tags',
    ],
    techniques.map(({ attackId, name, domain, tactics, statusGlobal, lastReviewDate, riskScore, ownerEmail, tags }) => [
      attackId,
      name,
      domain,
      tactics.join(' '),
      statusGlobal,
      toIso(lastReviewDate),
      riskScore,
      ownerEmail,
      tags.join(', '),
    ]),
  );
}

/** @param knownSince the start of the complete history. Earlier changes may be missing. */
export function toChangesJson(
  { from, to, knownSince }: { from: Date; to: Date; knownSince: Date | null },
  changes: readonly ExportedChange[],
): string {
  return toJson({
    from: toIso(from),
    to: toIso(to),
    known_since: toIso(knownSince),
    items: changes.map((change) => ({
      attack_id: change.attackId,
      name: change.name,
      domain: change.domain,
      cause: change.cause,
      coverage_gain: gainOf(change),
      before: toWireImage(change.before),
      after: toWireImage(change.after),
    })),
  });
}

export function toChangesCsv(changes: readonly ExportedChange[]): string {
  const fields = ['status_global', 'last_review_date', 'risk_score', 'owner_email'];
  return toCsv(
    [
      ...['attack_id', 'name', 'domain', 'cause', 'coverage_gain'],
      ...fields.map((field) => `before_${field}`),
      ...fields.map((field) => `after_${field}`),
    ],
    changes.map((change) => [
      ...[change.attackId, change.name, change.domain, change.cause, gainOf(change)],
      ...toCells(change.before),
      ...toCells(change.after),
    ]),
  );
}

/** Puts an apostrophe before a cell that a spreadsheet would run as a formula (OWASP, CSV Injection). */
function toCsv(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return stringify([header, ...rows] as Cell[][], { escape_formulas: true, record_delimiter: '\r\n' });
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function toCells(image: PastImage | null): Cell[] {
  if (!image?.inForce) return [null, null, null, null];
  return [image.statusGlobal, toIso(image.lastReviewDate), image.riskScore, image.ownerEmail];
}

function toWireImage(image: PastImage | null): object | null {
  return image?.inForce
    ? {
        status_global: image.statusGlobal,
        last_review_date: toIso(image.lastReviewDate),
        risk_score: image.riskScore,
        owner_email: image.ownerEmail,
      }
    : null;
}
