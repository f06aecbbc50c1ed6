using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>What routes can do beyond what YARP's can.</summary>
internal static class RouteFeatures
{
    public static IReverseProxyBuilder AddRouteFeatures(this IReverseProxyBuilder builder)
    {
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, CookieMatcherPolicy>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, ListenerMatcherPolicy>());
        return builder
            .AddTransformFactory<ResponseCookieFactory>()
            .AddTransformFactory<ResponseLocationFactory>()
            .AddTransforms<StandardTransforms>();
    }
}
