import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { PostureImports } from '../preview/posture-imports.service.js';
import type { PostureImport } from '../store/posture-import.entity.js';
import { toImportDetail } from './posture-import.mapper.js';
import type { PostureImportDetailResponse } from './posture-import.response.js';

/** How many changes the answer for one import lists. */
export const SHOWN_CHANGES = 100;

/** Makes the answers of the API about one import. */
@Injectable()
export class PostureImportAnswers {
  constructor(
    private readonly imports: PostureImports,
    private readonly clock: Clock,
  ) {}

  async detail(run: PostureImport, alreadyApplied = false): Promise<PostureImportDetailResponse> {
    const { items } = await this.imports.changes(run.organizationId, run.id, { limit: SHOWN_CHANGES });
    return toImportDetail(run, items, { now: this.clock.now(), alreadyApplied });
  }
}
