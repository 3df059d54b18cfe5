import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CatalogueBeforeImage } from './catalogue-before-image.entity.js';
import { CatalogueImages } from './catalogue-images.js';
import { CatalogueImport } from './catalogue-import.entity.js';
import { CatalogueStore } from './catalogue-store.js';
import { Tactic } from './tactic.entity.js';
import { Technique } from './technique.entity.js';

/** ATT&CK as loaded: one catalogue that all organisations share. The releases module loads it. */
@Module({
  imports: [TypeOrmModule.forFeature([CatalogueBeforeImage, CatalogueImport, Tactic, Technique])],
  providers: [CatalogueImages, CatalogueStore],
  exports: [CatalogueImages, CatalogueStore],
})
export class CatalogueModule {}
