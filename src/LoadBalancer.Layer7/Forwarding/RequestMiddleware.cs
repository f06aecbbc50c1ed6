using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Errors;
using LoadBalancer.Layer7.Limits;
using LoadBalancer.Layer7.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// Gives each request that matched a route its <see cref="BalancedRequest"/>, counts it, and holds it to the limits of its
/// route: before the cache, since what YARP never sees was answered from there. Says why where nothing matched.
/// </summary>
internal sealed partial class RequestMiddleware(RequestDelegate next, RouteTable routes, ErrorAnswers errors, ILogger<RequestMiddleware> logger)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (routes.Find(context) is not { } route)
        {
            return context.GetEndpoint() is null
                ? errors.WriteAsync(context, StatusCodes.Status404NotFound, Refusal.NoRoute, "No route matches this request.")
                : RunWithoutRouteAsync(context);
        }

        var request = new BalancedRequest(route);
        if (route.Split is { } split)
        {
            request.Pool = split.Choose(context);
        }

        context.Features.Set(request);
        route.RecordRequest();
        return route.Limits is { } limits ? RunLimitedAsync(context, request, limits) : RunAsync(context, request);
    }

    private async Task RunAsync(HttpContext context, BalancedRequest request)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            await RefuseBadRequestAsync(context, request, exception);
            return;
        }
        catch (Exception exception) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            Log.Failed(logger, exception, request.Route.Name);
            await errors.WriteAsync(context, StatusCodes.Status500InternalServerError, Refusal.InternalError, $"The load balancer failed on route '{request.Route.Name}'; its log says why.");
            return;
        }

        // Where the client's own fault ends an attempt, the forwarder sets the status and says no more.
        if (request.Attempt?.Exception is { } cause && !context.Response.HasStarted && request.Refusal is null && FindBadRequest(cause) is { } bad)
        {
            await RefuseBadRequestAsync(context, request, bad);
        }
    }

    private async Task RunLimitedAsync(HttpContext context, BalancedRequest request, RouteLimits limits)
    {
        if (limits.Rate?.Take(context) is { } wait)
        {
            limits.Record(Refusal.RateLimited);
            await errors.WriteAsync(context, StatusCodes.Status429TooManyRequests, Refusal.RateLimited, $"Route '{request.Route.Name}' is used more often than its rate allows.", wait);
            return;
        }

        if (limits.MaxBodySize is { } size)
        {
            if (context.Request.ContentLength > size)
            {
                await RefuseBodyAsync(context, request);
                return;
            }

            if (context.Request.ContentLength is null && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false)
            {
                context.Request.Body = new LimitedBody(context.Request.Body, size);
            }
        }

        if (limits.Gate is not { } gate)
        {
            await RunAsync(context, request);
            return;
        }

        if (!gate.TryEnter() && !await WaitAsync(context, request, gate))
        {
            return;
        }

        try
        {
            await RunAsync(context, request);
        }
        finally
        {
            gate.Leave();
        }
    }

    private async ValueTask<bool> WaitAsync(HttpContext context, BalancedRequest request, RequestGate gate)
    {
        var since = TimeProvider.System.GetTimestamp();
        var failure = await gate.EnterAsync(context.RequestAborted);
        var waited = TimeProvider.System.GetElapsedTime(since);
        request.QueueTime += waited;
        var route = request.Route;
        if (failure != WaitFailure.QueueFull)
        {
            Instruments.RecordWait(LoadBalancerTelemetry.RouteKey, route.Name, waited);
        }

        switch (failure)
        {
            case WaitFailure.None:
                return true;
            case WaitFailure.QueueFull:
                route.Limits!.Record(Refusal.RouteFull);
                await errors.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Refusal.RouteFull, $"Route '{route.Name}' has as many requests at a time as it may, and no more may wait.");
                return false;
            case WaitFailure.TimedOut:
                route.Limits!.Record(Refusal.RouteQueueTimeout);
                await errors.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Refusal.RouteQueueTimeout, $"Route '{route.Name}' has as many requests at a time as it may, and none ended in time.");
                return false;
            default:
                // The client has gone.
                return false;
        }
    }

    private Task RefuseBodyAsync(HttpContext context, BalancedRequest request)
    {
        var route = request.Route;
        route.Limits?.Record(Refusal.BodyTooLarge);
        return errors.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, Refusal.BodyTooLarge, $"The body is larger than the {route.Options.MaxRequestBodySize} bytes that route '{route.Name}' takes.");
    }

    private Task RefuseBadRequestAsync(HttpContext context, BalancedRequest request, BadHttpRequestException exception) =>
        exception.StatusCode == StatusCodes.Status413PayloadTooLarge && request.Route.Options.MaxRequestBodySize is not null
            ? RefuseBodyAsync(context, request)
            : errors.WriteAsync(context, exception.StatusCode, Refusal.BadRequest, "The request's body cannot be read.");

    // Nobody but ASP.NET Core's routing answers without a route of ours: where all but the method matches, with 405.
    private async Task RunWithoutRouteAsync(HttpContext context)
    {
        await next(context);
        if (context.Response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false })
        {
            await errors.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, Refusal.MethodNotAllowed, $"No route matches this request with its method; allowed here: {context.Response.Headers.Allow}.");
        }
    }

    private static BadHttpRequestException? FindBadRequest(Exception? exception) => exception switch
    {
        null => null,
        BadHttpRequestException bad => bad,
        AggregateException all => all.InnerExceptions.Select(FindBadRequest).FirstOrDefault(bad => bad is not null),
        _ => FindBadRequest(exception.InnerException),
    };

    private static partial class Log
    {
        [LoggerMessage(304, LogLevel.Error, "Route {Route}: a request failed in the balancer itself.")]
        public static partial void Failed(ILogger logger, Exception exception, string route);
    }
}
