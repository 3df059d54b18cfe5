import { toIso } from '../common/wire.js';
import type { PutSnapshotRequest } from './snapshot.dto.js';
import type { SnapshotResponse } from './snapshot.response.js';
import type { HistoricalSnapshot, Snapshot } from './snapshots.service.js';

export function toSnapshotResponse(snapshot: Snapshot): SnapshotResponse {
  return {
    date: snapshot.date,
    coverage_pct: snapshot.coveragePct,
    total: snapshot.total,
    validated: snapshot.validated,
    partial: snapshot.partial,
    in_progress: snapshot.inProgress,
    not_covered: snapshot.notCovered,
    not_evaluated: snapshot.notEvaluated,
    source: snapshot.source,
    updated_at: toIso(snapshot.updatedAt),
    rollup: snapshot.rollup,
    formula_version: snapshot.formulaVersion,
    scope: snapshot.scope,
    attack_versions: snapshot.attackVersions,
    tactics: snapshot.tactics,
    baseline_pct: snapshot.baselinePct,
    baseline_date: snapshot.baselineDate,
  };
}

export function toHistoricalSnapshot(date: string, body: PutSnapshotRequest): HistoricalSnapshot {
  return {
    date,
    total: body.total,
    validated: body.validated,
    partial: body.partial,
    inProgress: body.in_progress ?? 0,
    notCovered: body.not_covered ?? 0,
    notEvaluated: body.not_evaluated ?? 0,
    coveragePct: body.coverage_pct,
    rollup: body.rollup,
    scope: body.scope,
  };
}
