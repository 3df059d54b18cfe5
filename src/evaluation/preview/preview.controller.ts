import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { BacktestService } from './backtest.service.js';
import { BacktestRequest, PreviewRequest } from './preview.dto.js';
import { toBacktestResponse, toInstant, toPreviewResponse, toTrialInput } from './preview.mapper.js';
import { BacktestResponse, PreviewResponse } from './preview.response.js';
import { PreviewService } from './preview.service.js';

@ApiTags('rules')
@Controller('rules')
export class PreviewController {
  constructor(
    private readonly previews: PreviewService,
    private readonly backtests: BacktestService,
  ) {}

  @Post('preview')
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({
    summary: 'Preview whether a rule, or a change to one, would fire now or at an instant of the past',
  })
  @ApiOkResponse({ type: PreviewResponse })
  async preview(@CurrentPrincipal() principal: Principal, @Body() body: PreviewRequest): Promise<PreviewResponse> {
    const at = body.at === undefined ? undefined : toInstant(body.at);
    return toPreviewResponse(await this.previews.preview(principal.organizationId, toTrialInput(body), at));
  }

  @Post('backtest')
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({ summary: 'Find when a rule, or a change to one, would have fired' })
  @ApiOkResponse({ type: BacktestResponse })
  @ApiResponse({ status: 503, description: 'Too many backtests are running.' })
  async backtest(@CurrentPrincipal() principal: Principal, @Body() body: BacktestRequest): Promise<BacktestResponse> {
    const span = {
      from: toInstant(body.from),
      to: body.to === undefined ? undefined : toInstant(body.to),
      step: body.step ?? 'day',
    };
    return toBacktestResponse(await this.backtests.run(principal.organizationId, toTrialInput(body), span));
  }
}
