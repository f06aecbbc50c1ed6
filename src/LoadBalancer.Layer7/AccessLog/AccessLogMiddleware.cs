using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>Around everything else: what each request came to.</summary>
internal sealed class AccessLogMiddleware(RequestDelegate next, AccessLogger log)
{
    public Task InvokeAsync(HttpContext context) => log.IsOn ? LogAsync(context) : next(context);

    private async Task LogAsync(HttpContext context)
    {
        var traffic = Traffic.Of(context);
        Exception? failure = null;
        try
        {
            await next(context);
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            log.Write(AccessLogEntry.Of(context, traffic, failure));
        }
    }
}
