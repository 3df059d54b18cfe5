import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** An ATT&CK tactic of one domain, from the shared catalogue. */
@Entity('tactic')
@Unique(['domain', 'shortname'])
export class Tactic {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  attackId: string;

  @Column({ type: 'text' })
  domain: string;

  /** Kill-chain phase name, such as `initial-access`. */
  @Column({ type: 'text' })
  shortname: string;

  @Column({ type: 'text' })
  name: string;
}
