import { Body, Controller, Put } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { PostureService } from './posture.service.js';
import { PutPostureRequest } from './put-posture.dto.js';
import { PutPostureResponse } from './put-posture.response.js';

@ApiTags('posture')
@Controller('posture')
export class PostureController {
  constructor(private readonly posture: PostureService) {}

  /**
   * The body is not validated by class-validator: checking 10,000 nested objects would block the process for seconds.
   */
  @Put()
  @Access('lead')
  @ApiOperation({ summary: 'Write the posture of up to 10,000 techniques, all or nothing' })
  @ApiBody({ type: PutPostureRequest })
  @ApiResponse({
    status: 400,
    description: 'Nothing was changed. Each error names item and field; up to 100 are listed.',
  })
  async write(@CurrentPrincipal() principal: Principal, @Body() body: unknown): Promise<PutPostureResponse> {
    const { updated, unchanged, outOfScope } = await this.posture.write(
      principal.organizationId,
      body,
      principal.actorId,
    );
    return {
      updated,
      unchanged,
      out_of_scope: outOfScope.map(({ attackId, reason, replacedByAttackId }) => ({
        attack_id: attackId,
        reason,
        replaced_by_attack_id: replacedByAttackId,
      })),
    };
  }
}
