import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { invalidInput, type FieldError } from '../../../common/errors/index.js';
import { queryRows } from '../../../database/index.js';
import { NOT_AN_ACTIVE_MEMBER } from '../../../organizations/index.js';
import { toTags } from '../../words/tags.js';
import type { SentScope, TechniqueScope } from './technique-scope.js';

type Names = Record<'domains' | 'tactics' | 'platforms' | 'attackIds' | 'owners', string[]>;

/** How many names an error lists: about as many as the catalogue has tactics or platforms. */
const NAMES_LISTED = 60;

/** Checks the scopes that users send against the catalogue and the members. */
@Injectable()
export class ScopeChecker {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Returns the scope as stored: names as the catalogue spells them, without duplicates; null if it limits nothing. The
   * lists have been validated.
   * @throws DomainError `invalid_input` on each unknown name, such as `scope.tactics[1]`.
   */
  async complete(organizationId: string, sent: SentScope): Promise<TechniqueScope | null> {
    const known = await this.known(organizationId, sent);
    const errors: FieldError[] = [];
    const spelled = (list: keyof TechniqueScope, names: string[] | undefined, of: string[], words: string): object => {
      const bySpelling = new Map(of.map((name) => [name.toLowerCase(), name]));
      names?.forEach((name, index) => {
        if (!bySpelling.has(name.toLowerCase())) errors.push({ field: `scope.${list}[${index}]`, message: words });
      });
      const found = names?.flatMap((name) => bySpelling.get(name.toLowerCase()) ?? []);
      return found && found.length > 0 ? { [list]: [...new Set(found)] } : {};
    };
    const scope: TechniqueScope = {
      ...spelled('domains', sent.domains, known.domains, oneOf(known.domains)),
      ...spelled('tactics', sent.tactics, known.tactics, oneOf(known.tactics)),
      ...spelled('platforms', sent.platforms, known.platforms, oneOf(known.platforms)),
      ...spelled(
        'attack_ids',
        sent.attack_ids,
        known.attackIds,
        'must name a technique of the catalogue, which has no technique with this id',
      ),
      ...spelled('owners', sent.owners, known.owners, NOT_AN_ACTIVE_MEMBER),
      ...(sent.tags ? { tags: toTags(sent.tags) } : {}),
      ...(sent.sub_techniques && sent.sub_techniques !== 'include' ? { sub_techniques: sent.sub_techniques } : {}),
    };
    if (errors.length > 0) throw invalidInput(errors);
    return Object.keys(scope).length > 0 ? scope : null;
  }

  /** The names that a scope may contain; ATT&CK ids and owners only if they were sent. */
  private async known(organizationId: string, { attack_ids: attackIds = [], owners = [] }: SentScope): Promise<Names> {
    const [known] = await queryRows<Names>(
      this.dataSource,
      `SELECT
         ARRAY(SELECT DISTINCT domain FROM technique ORDER BY 1) AS domains,
         ARRAY(SELECT DISTINCT unnest(tactics) FROM technique ORDER BY 1) AS tactics,
         ARRAY(SELECT DISTINCT unnest(platforms) FROM technique ORDER BY 1) AS platforms,
         ARRAY(SELECT DISTINCT attack_id FROM technique WHERE attack_id = ANY ($2::text[])) AS "attackIds",
         ARRAY(SELECT user_id::text FROM membership WHERE organization_id = $1 AND user_id = ANY ($3::uuid[]) AND is_active) AS owners`,
      [organizationId, attackIds.map((id) => id.toUpperCase()), owners],
    );
    return known!;
  }
}

function oneOf(names: readonly string[]): string {
  if (names.length === 0) return 'cannot be set before the catalogue has a technique';
  const more = names.length > NAMES_LISTED ? ` and ${names.length - NAMES_LISTED} more` : '';
  return `must be one of ${names.slice(0, NAMES_LISTED).join(', ')}${more}`;
}
