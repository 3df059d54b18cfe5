import { replaceUnstorable } from '../../common/storable-text.js';
import { decodeText } from '../formats/decode-text.js';
import { readFormat } from '../formats/read-format.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import type { PostureFileTask, ReadPostureFile } from './posture-file-messages.js';
import { PRESETS } from '../presets/preset-list.js';

/** The most techniques that a file may name; ATT&CK has about 900 in all its domains. */
const MAX_TECHNIQUES = 10_000;

/**
 * Reads the bytes of a file in its format and lets the preset propose what follows.
 * @throws PostureFileError when the file is unusable as a whole
 */
export async function readPostureFile(
  bytes: AsyncIterable<Uint8Array>,
  { format, preset: name, options, now }: Omit<PostureFileTask, 'file'>,
): Promise<ReadPostureFile> {
  const preset = PRESETS.find((known) => known.name === name)!;
  const parsed = await readFormat(decodeText(bytes), format, { recordKind: preset.recordKind, now });
  const { observations, problems, entryCount } = parsed;
  const { proposals, silent } = preset.propose(observations, options, { now, problems });
  if (proposals.length + silent > MAX_TECHNIQUES) {
    throw new PostureFileError('too_many', `a file may name at most ${MAX_TECHNIQUES} techniques`);
  }
  return {
    proposals,
    silent,
    problems: {
      count: problems.count,
      listed: problems.listed.map(({ at, message }) => ({
        at: replaceUnstorable(at),
        message: replaceUnstorable(message),
      })),
    },
    entryCount,
    name: parsed.name === null ? null : replaceUnstorable(parsed.name),
    attackVersion: parsed.attackVersion === null ? null : replaceUnstorable(parsed.attackVersion),
  };
}
