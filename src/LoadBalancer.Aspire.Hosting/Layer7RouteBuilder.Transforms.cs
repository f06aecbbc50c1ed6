using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <content>Changes to requests and answers.</content>
public sealed partial class Layer7RouteBuilder
{
    /// <summary>
    /// Changes requests and answers by a transform in YARP's names and form, after the prefix was removed and in the order
    /// of the calls. What the names mean is in YARP's documentation; the balancer refuses those that it does not know when
    /// it starts.
    /// </summary>
    /// <param name="configure">Sets the transform's keys, such as <c>t => t["PathPattern"] = "/v2/{**rest}"</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="configure"/> sets no key, or one with a <c>:</c>.</exception>
    /// <example>
    /// <code lang="csharp">
    /// r.WithTransform(t =>
    /// {
    ///     t["ResponseHeader"] = "Server-Timing";
    ///     t["Append"] = "edge";
    ///     t["When"] = "Always";
    /// });
    /// </code>
    /// </example>
    [AspireExportIgnore(Reason = "Other languages pass the keys themselves.")]
    public Layer7RouteBuilder WithTransform(Action<IDictionary<string, string>> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var transform = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        configure(transform);
        foreach (var (key, value) in transform)
        {
            Contract.CheckKey(key, nameof(configure));
            ArgumentNullException.ThrowIfNull(value, nameof(configure));
        }

        return With(Options with { Transforms = [.. Options.Transforms, transform] }, nameof(configure));
    }

    /// <summary>Puts a prefix in front of the path that the backend sees.</summary>
    /// <param name="prefix">The prefix, starting with <c>/</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="prefix"/> does not start with <c>/</c>.</exception>
    public Layer7RouteBuilder WithPathPrefix(string prefix) => WithPath("PathPrefix", prefix, nameof(prefix));

    /// <summary>Sends one path to the backend, whatever the request's.</summary>
    /// <param name="path">The path, starting with <c>/</c>.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> does not start with <c>/</c>.</exception>
    public Layer7RouteBuilder WithPathSet(string path) => WithPath("PathSet", path, nameof(path));

    /// <summary>Makes the path that the backend sees of the values of the route's path, such as <c>/v2/{**rest}</c>.</summary>
    /// <param name="pattern">The pattern, starting with <c>/</c>, in ASP.NET Core's route syntax.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="pattern"/> does not start with <c>/</c>, or is not a path template.</exception>
    public Layer7RouteBuilder WithPathPattern(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        _ = new RoutePath(pattern, nameof(pattern));
        return WithPath("PathPattern", pattern, nameof(pattern));
    }

    /// <summary>Sets a query parameter of the request that the backend sees.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="value">The value.</param>
    /// <param name="append">Whether values that the request has stay. Default: they are replaced.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    public Layer7RouteBuilder WithQueryValue(string name, string value, bool append = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        return WithTransform(transform => (transform["QueryValueParameter"], transform[append ? "Append" : "Set"]) = (name, value));
    }

    /// <summary>Sets a header of the request that the backend sees.</summary>
    /// <param name="name">The header.</param>
    /// <param name="value">The value.</param>
    /// <param name="append">Whether values that the request has stay. Default: they are replaced.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a header name.</exception>
    public Layer7RouteBuilder WithRequestHeader(string name, string value, bool append = false)
    {
        CheckHeader(name);
        ArgumentNullException.ThrowIfNull(value);
        return WithTransform(transform => (transform["RequestHeader"], transform[append ? "Append" : "Set"]) = (name, value));
    }

    /// <summary>Removes a header of the request before the backend sees it.</summary>
    /// <param name="name">The header.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a header name.</exception>
    public Layer7RouteBuilder WithoutRequestHeader(string name)
    {
        CheckHeader(name);
        return WithTransform(transform => transform["RequestHeaderRemove"] = name);
    }

    /// <summary>Sends the client's <c>Host</c> to the backend. Default: it sees its own address.</summary>
    /// <returns>This builder.</returns>
    public Layer7RouteBuilder WithOriginalHost() => WithTransform(transform => transform["RequestHeaderOriginalHost"] = "true");

    /// <summary>Sets a header of the answer that the client sees.</summary>
    /// <param name="name">The header.</param>
    /// <param name="value">The value.</param>
    /// <param name="append">Whether values that the answer has stay. Default: they are replaced.</param>
    /// <param name="always">Whether answers with a status of 400 and above get it too. Default: they do not.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a header name.</exception>
    public Layer7RouteBuilder WithResponseHeader(string name, string value, bool append = false, bool always = false)
    {
        CheckHeader(name);
        ArgumentNullException.ThrowIfNull(value);
        return WithTransform(transform => (transform["ResponseHeader"], transform[append ? "Append" : "Set"], transform["When"]) = (name, value, When(always)));
    }

    /// <summary>Removes a header of the answer before the client sees it.</summary>
    /// <param name="name">The header.</param>
    /// <param name="always">Whether answers with a status of 400 and above lose it too. Default: they do not.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a header name.</exception>
    public Layer7RouteBuilder WithoutResponseHeader(string name, bool always = false)
    {
        CheckHeader(name);
        return WithTransform(transform => (transform["ResponseHeaderRemove"], transform["When"]) = (name, When(always)));
    }

    private static string When(bool always) => always ? "Always" : "Success";

    private static void CheckHeader(string name)
    {
        Contract.CheckKey(name, nameof(name));
        Contract.Check(new RouteOptions { Headers = { [name] = [] } }, nameof(name));
    }

    private Layer7RouteBuilder WithPath(string transform, string path, string argument)
    {
        ArgumentNullException.ThrowIfNull(path, argument);
        Contract.Check(new RouteOptions { Path = path }, argument);
        return WithTransform(keys => keys[transform] = path);
    }
}
