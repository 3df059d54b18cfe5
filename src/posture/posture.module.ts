import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CatalogueModule } from '../catalogue/index.js';
import { PostureChange } from './changes/posture-change.entity.js';
import { PostureChanges } from './changes/posture-changes.js';
import { PostureHistory } from './history/posture-history.entity.js';
import { PostureVersionsController } from './history/posture-versions.controller.js';
import { PostureVersionsService } from './history/posture-versions.service.js';
import { TechniquesController } from './techniques/techniques.controller.js';
import { TechniquesService } from './techniques/techniques.service.js';
import { PostureRows } from './writes/posture-rows.js';
import { PostureWriter } from './writes/posture-writer.js';
import { PostureController } from './writes/posture.controller.js';
import { Posture } from './writes/posture.entity.js';
import { PostureService } from './writes/posture.service.js';

/** What each organisation knows about each technique: writes, changes, history, and the read port. */
@Module({
  imports: [TypeOrmModule.forFeature([Posture, PostureChange, PostureHistory]), CatalogueModule],
  controllers: [TechniquesController, PostureVersionsController, PostureController],
  providers: [PostureChanges, PostureRows, PostureService, PostureVersionsService, PostureWriter, TechniquesService],
  exports: [PostureChanges, PostureRows, PostureService, PostureWriter],
})
export class PostureModule {}
