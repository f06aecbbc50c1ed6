using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Routing;

/// <summary>What a route asks of a request besides what ASP.NET Core and YARP compare: metadata of its endpoint.</summary>
internal interface IRouteConditions
{
    /// <summary>Whether a request is as the route wants it.</summary>
    bool Hold(HttpContext context);
}
