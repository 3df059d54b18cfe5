import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { invalidField } from '../../common/errors/index.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { sqlPage } from '../../database/index.js';
import { TechniquesService } from '../techniques/techniques.service.js';
import type { PostureHistory } from './posture-history.entity.js';

/** One version of the posture of a technique, with the cause of the change. */
export type PostureVersion = Omit<PostureHistory, 'organizationId' | 'techniqueId' | 'validTo'> & {
  /** Null for the current version. */
  validTo: Date | null;
  ownerEmail: string | null;
  changedByName: string | null;
};

const COLUMNS = `version, valid_from AS "validFrom", status_global AS "statusGlobal", last_review_date AS "lastReviewDate", risk_score AS "riskScore",
  owner_id AS "ownerId", tags, in_force AS "inForce", mitre_last_modified AS "mitreLastModified", change_source AS "changeSource", change_id AS "changeId"`;

const VERSIONS = `
  SELECT ${COLUMNS}, NULL::timestamptz AS "validTo", CASE WHEN change_source NOT IN ('catalogue', 'database') THEN updated_by END AS "changedBy"
  FROM posture WHERE organization_id = $1 AND technique_id = $2
  UNION ALL
  SELECT ${COLUMNS}, valid_to, changed_by FROM posture_history WHERE organization_id = $1 AND technique_id = $2`;

@Injectable()
export class PostureVersionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly techniques: TechniquesService,
  ) {}

  /**
   * Newest first.
   * @param id Vedette's id or the ATT&CK id, as {@link TechniquesService.get} takes it.
   */
  async list(organizationId: string, id: string, page: PageRequest): Promise<Page<PostureVersion>> {
    if (page.cursor && !/^\d{1,9}$/.test(page.cursor.key)) {
      throw invalidField('cursor', 'must be the next_cursor of an earlier page, unchanged');
    }
    const { id: techniqueId } = await this.techniques.get(organizationId, id);
    // The version alone marks the end of a page. A cursor needs an id too, so it gets the technique's.
    return sqlPage<PostureVersion>(
      this.dataSource,
      {
        counted: `(${VERSIONS}) v`,
        selected: `SELECT v.*, o.email AS "ownerEmail", coalesce(u.display_name, k.name) AS "changedByName"
         FROM (${VERSIONS}) v
         LEFT JOIN user_account o ON o.id = v."ownerId"
         LEFT JOIN user_account u ON u.id = v."changedBy"
         LEFT JOIN api_key k ON k.organization_id = $1 AND k.id = v."changedBy"
         WHERE true`,
        parameters: [organizationId, techniqueId],
        keys: [['v.version', 'integer']],
        direction: 'DESC',
        cursorOf: ({ version }) => ({ key: String(version), id: techniqueId }),
      },
      page,
    );
  }
}
