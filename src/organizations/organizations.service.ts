import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { conflict, invalidField, notFound } from '../common/errors/index.js';
import { isUuid, newId } from '../common/ids.js';
import { queryRows } from '../database/index.js';
import { Organization } from './organization.entity.js';
import { isSlug, numberedSlug, SLUG_RULE, slugOf } from './slug.js';

const NAME_RULE = 'must be text of 1 to 200 characters';

/** How many slugs are tried for organisations of the same name. */
const SLUG_ATTEMPTS = 100;

/** An organisation as other modules see it. */
export interface OrganizationFacts {
  id: string;
  slug: string;
  name: string;
  isDefault: boolean;
  isDemo: boolean;
  createdAt: Date;
}

export interface NewOrganizationFacts {
  name: string;
  /** Left out: derived from the name. */
  slug?: string;
}

/** The organisations of the deployment. Other modules fill them with rules and posture. */
@Injectable()
export class OrganizationsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates the operator's own organisation if it does not exist. Replicas that start at the same time create one; an
   * existing one keeps its name.
   * @returns whether this call created it.
   */
  async ensureDefault(
    manager: EntityManager,
    input: { name: string; isDemo: boolean },
  ): Promise<{ id: string; created: boolean }> {
    const name = validatedName(input.name);
    for (let attempt = 1; attempt <= SLUG_ATTEMPTS; attempt++) {
      // The insert waits for a concurrent creation of the default organisation; the next statement then sees its row.
      const id = await this.insert(manager, {
        name,
        slug: numberedSlug(slugOf(name), attempt),
        isDefault: true,
        isDemo: input.isDemo,
      });
      if (id) return { id, created: true };
      const existing = await manager.findOneBy(Organization, { isDefault: true });
      if (existing) return { id: existing.id, created: false };
    }
    throw slugsExhausted(name);
  }

  /**
   * @throws DomainError `invalid_input` on `name` or `slug`, or `conflict` if the given slug is taken. A slug that is
   * derived from the name is numbered until it is free.
   */
  async create(manager: EntityManager, input: NewOrganizationFacts): Promise<OrganizationFacts> {
    const name = validatedName(input.name);
    if (input.slug !== undefined && !isSlug(input.slug)) throw invalidField('slug', SLUG_RULE);
    const attempts = input.slug === undefined ? SLUG_ATTEMPTS : 1;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const slug = input.slug ?? numberedSlug(slugOf(name), attempt);
      const id = await this.insert(manager, { name, slug, isDefault: false, isDemo: false });
      if (id) return manager.findOneByOrFail(Organization, { id });
    }
    if (input.slug === undefined) throw slugsExhausted(name);
    throw conflict(`the slug ${input.slug} is taken by another organisation`, [
      { field: 'slug', message: 'is taken by another organisation; choose another' },
    ]);
  }

  /** Oldest first. */
  list(): Promise<OrganizationFacts[]> {
    return this.dataSource.getRepository(Organization).find({ order: { createdAt: 'ASC', id: 'ASC' } });
  }

  /** @throws DomainError `not_found`. */
  async get(id: string): Promise<OrganizationFacts> {
    const organization = isUuid(id) ? await this.dataSource.getRepository(Organization).findOneBy({ id }) : null;
    if (!organization) throw notFound('organisation', id);
    return organization;
  }

  /** @throws DomainError `not_found`. */
  async getBySlug(slug: string): Promise<OrganizationFacts> {
    const organization = await this.dataSource.getRepository(Organization).findOneBy({ slug });
    if (!organization) throw notFound('organisation', slug);
    return organization;
  }

  count(): Promise<number> {
    return this.dataSource.getRepository(Organization).count();
  }

  async isDefault(id: string): Promise<boolean> {
    return isUuid(id) && this.dataSource.getRepository(Organization).existsBy({ id, isDefault: true });
  }

  /** @returns the new id, or undefined if the slug is taken or a default organisation already exists. */
  private async insert(
    manager: EntityManager,
    { name, slug, isDefault, isDemo }: { name: string; slug: string; isDefault: boolean; isDemo: boolean },
  ): Promise<string | undefined> {
    const [row] = await queryRows<{ id: string }>(
      manager,
      `INSERT INTO organization (id, slug, name, is_default, is_demo, created_at) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT DO NOTHING RETURNING id`,
      [newId(), slug, name, isDefault, isDemo, this.clock.now()],
    );
    return row?.id;
  }
}

function validatedName(name: string): string {
  const trimmed = name.trim();
  if (trimmed.length < 1 || trimmed.length > 200) throw invalidField('name', NAME_RULE);
  return trimmed;
}

function slugsExhausted(name: string): Error {
  return conflict(`every slug derived from ${name} is taken; give one`, [
    { field: 'slug', message: `must be given; it ${SLUG_RULE}` },
  ]);
}
