import { toIso } from '../../common/wire.js';
import type { UndoneImport } from '../apply/posture-import-undo.js';
import type { PostureImage } from '../plan/plan-posture-import.js';
import { formatsOf, type PresetName } from '../presets/index.js';
import type { Preset } from '../presets/preset.js';
import { standingOf } from '../store/import-status.js';
import type { StoredChange } from '../store/posture-import-store.js';
import type { PostureImport } from '../store/posture-import.entity.js';
import type {
  PostureImageResponse,
  PostureImportChangeResponse,
  PostureImportDetailResponse,
  PostureImportResponse,
  PresetResponse,
  UndoImportResponse,
} from './posture-import.response.js';

/** How many skipped techniques the answer to an undo names. */
const MAX_SKIPPED = 100;

export function toImportResponse(run: PostureImport, now: Date): PostureImportResponse {
  const { status, failure } = standingOf(run, now);
  return {
    id: run.id,
    status,
    format: run.format,
    preset: run.preset,
    options: run.options,
    file_name: run.fileName,
    content_hash: run.contentHash,
    byte_count: run.byteCount,
    bytes_read: run.bytesRead,
    source_name: run.overview?.source_name ?? null,
    attack_version: run.overview?.attack_version ?? null,
    counts: run.overview?.counts ?? null,
    failure,
    created_by: run.createdBy,
    created_at: toIso(run.createdAt),
    expires_at: toIso(run.expiresAt),
    applied_by: run.appliedBy,
    applied_at: toIso(run.appliedAt),
    undone_by: run.undoneBy,
    undone_at: toIso(run.undoneAt),
  };
}

export function toImportDetail(
  run: PostureImport,
  changes: readonly StoredChange[],
  { now, alreadyApplied }: { now: Date; alreadyApplied: boolean },
): PostureImportDetailResponse {
  const { lists } = run;
  return {
    ...toImportResponse(run, now),
    already_applied: alreadyApplied,
    catalogue: lists?.catalogue ?? [],
    changes: changes.map(toChangeResponse),
    kept: lists?.kept ?? [],
    unmapped: lists?.unmapped ?? [],
    out_of_scope: lists?.out_of_scope ?? [],
    remapped: lists?.remapped ?? [],
    problems: lists?.problems ?? [],
    hints: lists?.hints ?? [],
  };
}

export function toChangeResponse(change: StoredChange): PostureImportChangeResponse {
  return {
    technique_id: change.techniqueId,
    attack_id: change.attackId,
    name: change.name,
    before: toImageResponse(change.before),
    after: toImageResponse(change.after),
    because: change.because,
    remapped_from: change.remappedFrom,
    undo_outcome: change.undoOutcome,
  };
}

export function toUndoResponse({ run, restored, skipped }: UndoneImport, now: Date): UndoImportResponse {
  return {
    import: toImportResponse(run, now),
    restored,
    skipped: skipped.length,
    skipped_ids: skipped.slice(0, MAX_SKIPPED).map(({ attackId }) => attackId),
  };
}

export function toPresetResponse(preset: Preset & { name: PresetName }): PresetResponse {
  const { name, title, description, options } = preset;
  return {
    name,
    title,
    description,
    formats: formatsOf(preset),
    options: options.map((option) => ({
      name: option.name,
      kind: option.kind,
      description: option.description,
      default: option.default,
      min: option.min ?? null,
      max: option.max ?? null,
      choices: option.choices ? [...option.choices] : null,
    })),
  };
}

function toImageResponse({
  statusGlobal,
  lastReviewDate,
  riskScore,
  ownerId,
  tags,
}: PostureImage): PostureImageResponse {
  return {
    status_global: statusGlobal,
    last_review_date: toIso(lastReviewDate),
    risk_score: riskScore,
    owner_id: ownerId,
    tags,
  };
}
