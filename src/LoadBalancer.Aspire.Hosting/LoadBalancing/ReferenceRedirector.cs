using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>Gives everybody who references a resource with a load balancer of its own the balancer's address.</summary>
internal sealed partial class ReferenceRedirector(DistributedApplicationModel model, PublishedBalancers published, ResourceLoggerService loggers) : IDistributedApplicationEventingSubscriber
{
    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        eventing.Subscribe<BeforeStartEvent>((_, _) =>
        {
            Redirect();
            return Task.CompletedTask;
        });
        return Task.CompletedTask;
    }

    // Behind all callbacks that are in the model by now, so that what they put in is seen.
    private void Redirect()
    {
        var balanced = model.Resources.OfType<IResourceWithEndpoints>().Where(resource => resource.Annotations.OfType<LoadBalancedEndpointAnnotation>().Any()).ToArray();
        foreach (var resource in balanced)
        {
            TellWhatIsLeftOut(resource);
        }

        if (balanced.Length == 0 && published.All.All(balancer => balancer.GatewayApi is null))
        {
            return;
        }

        foreach (var consumer in model.Resources.Where(resource => published.Find(resource) is null))
        {
            consumer.Annotations.Add(new EnvironmentCallbackAnnotation(context =>
            {
                foreach (var (name, value) in context.EnvironmentVariables.ToArray())
                {
                    context.EnvironmentVariables[name] = Redirect(value, consumer);
                }
            }));
            consumer.Annotations.Add(new CommandLineArgsCallbackAnnotation(arguments =>
            {
                for (var i = 0; i < arguments.Count; i++)
                {
                    arguments[i] = Redirect(arguments[i], consumer);
                }
            }));
        }
    }

    /// <summary>The value, with the addresses of balancers in place of those behind them; what a resource is told of itself stays.</summary>
    internal static object Redirect(object value, IResource consumer) => value switch
    {
        EndpointReference endpoint when GatewayAddress.Of(endpoint) is { } gateway => gateway.Property(EndpointProperty.Url),
        EndpointReferenceExpression part when GatewayAddress.Of(part.Endpoint) is { } gateway => gateway.Property(part.Property),
        EndpointReference endpoint => BalancerOf(endpoint, consumer) ?? endpoint,
        EndpointReferenceExpression part when BalancerOf(part.Endpoint, consumer) is { } balancer => balancer.Property(part.Property),
        ReferenceExpression { IsConditional: false } expression => Redirect(expression, consumer),
        _ => value,
    };

    private static ReferenceExpression Redirect(ReferenceExpression expression, IResource consumer)
    {
        var values = expression.ValueProviders.Select(value => Redirect(value, consumer)).ToArray();
        if (values.SequenceEqual(expression.ValueProviders))
        {
            return expression;
        }

        // A composite format: {0}, {1}, … are the values, and doubled braces are braces.
        var redirected = new ReferenceExpressionBuilder();
        var end = 0;
        foreach (Match token in Token().Matches(expression.Format))
        {
            redirected.AppendLiteral(expression.Format[end..token.Index]);
            end = token.Index + token.Length;
            if (int.TryParse(token.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                redirected.AppendValueProvider(values[index], expression.StringFormats[index]);
            }
            else
            {
                redirected.AppendLiteral(token.Value[..1]);
            }
        }

        redirected.AppendLiteral(expression.Format[end..]);
        return redirected.Build();
    }

    private static EndpointReference? BalancerOf(EndpointReference endpoint, IResource consumer) =>
        // By name: what is published may have a container in a resource's place.
        !endpoint.Resource.Name.Equals(consumer.Name, StringComparison.OrdinalIgnoreCase)
        && endpoint.Resource.Annotations.OfType<LoadBalancedEndpointAnnotation>().FirstOrDefault(balanced => balanced.EndpointName.Equals(endpoint.EndpointName, StringComparison.OrdinalIgnoreCase)) is { } found
            ? new(found.Balancer.Resource, found.Balancer.EndpointName, endpoint.ContextNetworkID)
            : null;

    private void TellWhatIsLeftOut(IResourceWithEndpoints resource)
    {
        var known = resource.Annotations.OfType<LoadBalancedEndpointAnnotation>().Select(balanced => balanced.EndpointName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => !known.Contains(endpoint.Name)))
        {
            LogLeftOut(loggers.GetLogger(resource), resource.Name, endpoint.Name);
        }
    }

    [GeneratedRegex(@"\{\{|\}\}|\{(\d+)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Token();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The endpoint '{Endpoint}' of '{Resource}' was added after WithLoadBalancer() and is not balanced; add it before")]
    private static partial void LogLeftOut(ILogger log, string resource, string endpoint);
}
