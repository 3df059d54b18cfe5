import { Body, Controller, Get, HttpCode, Post, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { AcceptsUnchangedAnswer } from '../../common/http/index.js';
import { DEFAULT_POLICY } from './default-policy.js';
import { PutRevalidationPolicyRequest, RunRevalidationPolicyRequest } from './revalidation-policy.dto.js';
import { toRevalidationPolicyResponse } from './revalidation-policy.mapper.js';
import { RevalidationPolicyResponse, RevalidationRunResponse } from './revalidation-policy.response.js';
import { RevalidationPolicyService } from './revalidation-policy.service.js';

@ApiTags('revalidation-queue')
@Controller('revalidation-policy')
export class RevalidationPolicyController {
  constructor(private readonly policy: RevalidationPolicyService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Get the policy that adds validated techniques to the revalidation queue' })
  async get(@CurrentPrincipal() principal: Principal): Promise<RevalidationPolicyResponse> {
    return toRevalidationPolicyResponse(await this.policy.get(principal.organizationId));
  }

  @Put()
  @Access('admin')
  @ApiOperation({ summary: 'Set the policy that adds validated techniques to the revalidation queue' })
  @AcceptsUnchangedAnswer<RevalidationPolicyController>(PutRevalidationPolicyRequest, (policy, principal) =>
    policy.get(principal),
  )
  async put(
    @CurrentPrincipal() principal: Principal,
    @Body() body: PutRevalidationPolicyRequest,
  ): Promise<RevalidationPolicyResponse> {
    const settings = {
      isEnabled: body.is_enabled,
      tiers: body.tiers,
      dueInDays: body.due_in_days ?? DEFAULT_POLICY.dueInDays,
    };
    return toRevalidationPolicyResponse(await this.policy.put(principal.organizationId, settings, principal.actorId));
  }

  @Post('run')
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({
    summary: 'Apply the revalidation policy now, or only count the techniques it would add to the queue',
  })
  @ApiOkResponse({ type: RevalidationRunResponse })
  @ApiResponse({ status: 409, description: 'The policy is not enabled.' })
  async run(
    @CurrentPrincipal() principal: Principal,
    @Body() body: RunRevalidationPolicyRequest,
  ): Promise<RevalidationRunResponse> {
    const isDryRun = body.dry_run ?? false;
    const { added, withoutReviewDate } = await this.policy.run(principal.organizationId, isDryRun);
    return { added, dry_run: isDryRun, without_review_date: withoutReviewDate };
  }
}
