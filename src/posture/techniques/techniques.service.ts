import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Technique } from '../../catalogue/index.js';
import { ATTACK_ID_PATTERN, bestFirst } from '../../catalogue/words/index.js';
import { notFound } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { queryRows, sqlPage } from '../../database/index.js';
import { inScope } from '../reading/posture-reader.js';
import type { TechniqueStatus } from '../words/technique-status.js';
import type { Posture } from '../writes/posture.entity.js';

/** A technique with the posture of one organisation. */
export type TechniqueWithPosture = Pick<
  Technique,
  | 'id'
  | 'attackId'
  | 'name'
  | 'domain'
  | 'isSubtechnique'
  | 'parentId'
  | 'tactics'
  | 'platforms'
  | 'techniqueVersion'
  | 'attackVersion'
  | 'mitreCreated'
  | 'mitreLastModified'
  | 'isRevoked'
  | 'isDeprecated'
> &
  Pick<Posture, 'statusGlobal' | 'lastReviewDate' | 'riskScore' | 'ownerId' | 'tags'> & {
    parentAttackId: string | null;
    replacedByAttackId: string | null;
    ownerEmail: string | null;
    postureUpdatedAt: Date;
  };

export interface TechniqueFilters {
  search?: string;
  statusGlobal?: TechniqueStatus;
  domain?: string;
  tactic?: string;
  platform?: string;
  /** The id of a user, or `none`. */
  ownerId?: string;
  tag?: string;
  minRiskScore?: number;
  inScope?: boolean;
  includeRevoked: boolean;
  isSubtechnique?: boolean;
}

const COLUMNS = `
  t.id, t.attack_id AS "attackId", t.name, t.domain, t.is_subtechnique AS "isSubtechnique", t.parent_id AS "parentId", parent.attack_id AS "parentAttackId",
  t.tactics, t.platforms, t.technique_version AS "techniqueVersion", t.attack_version AS "attackVersion", t.mitre_created AS "mitreCreated",
  t.mitre_last_modified AS "mitreLastModified", t.is_revoked AS "isRevoked", t.is_deprecated AS "isDeprecated",
  replacement.attack_id AS "replacedByAttackId", p.status_global AS "statusGlobal", p.last_review_date AS "lastReviewDate", p.risk_score AS "riskScore",
  p.owner_id AS "ownerId", u.email AS "ownerEmail", p.tags, p.updated_at AS "postureUpdatedAt"`;

const COUNTED = 'posture p JOIN technique t ON t.id = p.technique_id';

const FROM = `FROM ${COUNTED}`;

const LOOKUP_JOINS = `
  LEFT JOIN technique parent ON parent.id = t.parent_id
  LEFT JOIN technique replacement ON replacement.id = t.replaced_by_id
  LEFT JOIN user_account u ON u.id = p.owner_id`;

/** ATT&CK ids sort by bytes, whatever the collation of the database, so sub-techniques follow their technique. */
const SORT_KEY = 't.attack_id COLLATE "C"';

/** Reads the catalogue together with the posture of one organisation. */
@Injectable()
export class TechniquesService {
  constructor(private readonly dataSource: DataSource) {}

  /** Ordered by ATT&CK id. */
  list(organizationId: string, filters: TechniqueFilters, page: PageRequest): Promise<Page<TechniqueWithPosture>> {
    const where = new Conditions(organizationId);
    addFilters(where, filters);
    return sqlPage<TechniqueWithPosture>(
      this.dataSource,
      {
        counted: `${COUNTED} ${where.sql}`,
        selected: `SELECT ${COLUMNS} ${FROM} ${LOOKUP_JOINS} ${where.sql}`,
        parameters: where.parameters,
        keys: [
          [SORT_KEY, 'text'],
          ['t.id', 'uuid'],
        ],
        direction: 'ASC',
        cursorOf: ({ attackId, id }) => ({ key: attackId, id }),
      },
      page,
    );
  }

  /**
   * @param id Vedette's id, or the ATT&CK id in any case. If several techniques share an ATT&CK id, the one in force is
   * returned.
   */
  async get(organizationId: string, id: string): Promise<TechniqueWithPosture> {
    const column = isUuid(id) ? 't.id' : ATTACK_ID_PATTERN.test(id) ? 't.attack_id' : undefined;
    if (!column) throw notFound('technique', id);
    const [technique] = await queryRows<TechniqueWithPosture>(
      this.dataSource,
      `SELECT ${COLUMNS} ${FROM} ${LOOKUP_JOINS} WHERE p.organization_id = $1 AND ${column} = $2 ORDER BY ${bestFirst('t')} LIMIT 1`,
      [organizationId, column === 't.id' ? id : id.toUpperCase()],
    );
    if (!technique) throw notFound('technique', id);
    return technique;
  }
}

/** A `WHERE` clause with its parameters. */
class Conditions {
  readonly parameters: unknown[] = [];
  private readonly conditions: string[] = [];

  constructor(organizationId: string) {
    this.add(`p.organization_id = ${this.bind(organizationId)}`);
  }

  bind(value: unknown): string {
    return `$${this.parameters.push(value)}`;
  }

  add(condition: string): void {
    this.conditions.push(condition);
  }

  get sql(): string {
    return `WHERE ${this.conditions.join(' AND ')}`;
  }
}

function addFilters(where: Conditions, filters: TechniqueFilters): void {
  const { search, statusGlobal, domain, tactic, platform, ownerId, tag, minRiskScore, isSubtechnique } = filters;
  if (search) {
    const text = escapeLike(search);
    where.add(`(t.attack_id ILIKE ${where.bind(`${text}%`)} OR t.name ILIKE ${where.bind(`%${text}%`)})`);
  }
  if (statusGlobal !== undefined) where.add(`p.status_global = ${where.bind(statusGlobal)}`);
  if (domain !== undefined) where.add(`t.domain = ${where.bind(domain)}`);
  if (tactic !== undefined) where.add(`${where.bind(tactic)} = ANY (t.tactics)`);
  if (platform !== undefined) {
    where.add(
      `EXISTS (SELECT FROM unnest(t.platforms) AS known (platform) WHERE lower(known.platform) = lower(${where.bind(platform)}))`,
    );
  }
  if (ownerId !== undefined) {
    where.add(ownerId.toLowerCase() === 'none' ? 'p.owner_id IS NULL' : `p.owner_id = ${where.bind(ownerId)}`);
  }
  if (tag !== undefined) where.add(`p.tags @> ARRAY[${where.bind(tag.trim().toLowerCase())}]`);
  if (minRiskScore !== undefined) where.add(`p.risk_score >= ${where.bind(minRiskScore)}`);
  if (isSubtechnique !== undefined) where.add(`t.is_subtechnique = ${where.bind(isSubtechnique)}`);
  if (filters.inScope !== undefined) where.add(filters.inScope ? inScope('p') : `NOT (${inScope('p')})`);
  if (!filters.includeRevoked) where.add('p.in_force');
}

/** Users search for text, not for a pattern. */
function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
