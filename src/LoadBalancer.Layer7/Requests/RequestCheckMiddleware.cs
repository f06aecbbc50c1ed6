using LoadBalancer.Layer7.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace LoadBalancer.Layer7.Requests;

/// <summary>
/// The first to see a request: refuses what can be read in two ways, and settles who the client is and what it asked
/// for, so that all that follow, routes above all, see the same as the backend.
/// </summary>
internal sealed class RequestCheckMiddleware(RequestDelegate next, RequestRules rules, ErrorAnswers errors)
{
    public Task InvokeAsync(HttpContext context) =>
        Check(context) is { } fault ? RefuseAsync(context, fault) : next(context);

    private RequestFault? Check(HttpContext context) =>
        RequestFraming.Check(context)
        ?? HopByHop.Check(context.Request.Headers)
        ?? rules.Forwarded.Apply(context)
        ?? RequestPath.Check(context)
        ?? rules.Hosts.Check(context);

    private Task RefuseAsync(HttpContext context, RequestFault fault)
    {
        context.Features.Get<Listener>()?.RecordRefused();
        if (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol))
        {
            // Where this request ends, and another begins, may be just what is not certain.
            context.Response.OnStarting(static response =>
            {
                ((HttpResponse)response).Headers[HeaderNames.Connection] = "close";
                return Task.CompletedTask;
            }, context.Response);
        }

        return errors.WriteAsync(context, fault.Status, fault.Refusal, fault.Detail);
    }
}
