import { replaceUnstorable } from '../../common/storable-text.js';
import { postureFileFormat } from '../formats/index.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import { presetFor } from '../presets/index.js';
import { decodeText } from './decode-text.js';
import { parseFile } from './parse-file.js';
import type { PostureFileTask, ReadPostureFile } from './posture-file-messages.js';

/** The most techniques that a file may name. ATT&CK has about 900 in all its domains. */
const MAX_TECHNIQUES = 10_000;

/**
 * Reads the bytes of a file in its format, and asks the preset what they mean for the posture.
 * @throws PostureFileError when the file is unusable as a whole
 */
export async function readPostureFile(
  bytes: AsyncIterable<Uint8Array>,
  { format, preset: name, options, now }: Omit<PostureFileTask, 'file'>,
): Promise<ReadPostureFile> {
  const preset = presetFor(format, name);
  const parsed = await parseFile(decodeText(bytes), postureFileFormat(format), { content: preset.content, now });
  const { observations, problems, entryCount } = parsed;
  const { proposals, silent, hints = [] } = preset.propose(observations, options, { now, problems });
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
    hints,
    entryCount,
    name: parsed.name === null ? null : replaceUnstorable(parsed.name),
    attackVersion: parsed.attackVersion === null ? null : replaceUnstorable(parsed.attackVersion),
  };
}
