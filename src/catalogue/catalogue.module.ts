import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CatalogueImport } from './catalogue-import.entity.js';
import { CatalogueStore } from './catalogue-store.js';
import { Tactic } from './tactic.entity.js';
import { Technique } from './technique.entity.js';

/** ATT&CK as loaded: one catalogue that all organisations share. The releases module loads it. */
@Module({
  imports: [TypeOrmModule.forFeature([CatalogueImport, Tactic, Technique])],
  providers: [CatalogueStore],
  exports: [CatalogueStore],
})
export class CatalogueModule {}
